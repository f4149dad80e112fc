"""Ratios measured side by side: suites, their committed results, and the tables made from them."""
