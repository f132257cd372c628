"""Breast-cancer diagnoses: a torch MLP trained, deployed and asked."""
