"""How things run: settings, parallel work, progress, files written whole, models that travel safely."""
