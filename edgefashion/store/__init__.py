"""What the app remembers on the device: scans, corrections, stock counts and settings. Stdlib only."""
