"""The data door: signed links to layers, and the bytes behind them."""
