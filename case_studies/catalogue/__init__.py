"""The study of catalogues: settings, code and expected figures."""
