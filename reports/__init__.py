"""Comparison reports that people read, and that CI and pull requests take in."""
