"""Tables, panels, bundled data sets and splits: what every domain reads and cuts its data with."""
