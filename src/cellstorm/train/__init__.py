"""Fitting networks to simulated movies (needs the ``train`` extra): a distribution of
recording conditions in, a trained network and its model file out."""
