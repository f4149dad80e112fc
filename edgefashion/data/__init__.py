"""Photos and labels: sources, manifests, splits by contributor, checks and drawn garments. No TensorFlow."""
