"""Writers of what a target should have in other tools' languages."""
