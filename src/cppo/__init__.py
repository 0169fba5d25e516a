"""Coordinated Pass@K Policy Optimization (arXiv 2605.27000): plan K methods, solve each, verify, train both."""

__version__ = "0.1.0"
