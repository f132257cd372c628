"""Alert rules: kept, evaluated, and their states told. Nobody is notified: on AWS and here that is Alertmanager's part."""
