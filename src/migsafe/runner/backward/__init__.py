"""Going back: which steps can be taken back, what that loses, and the doing of it."""
