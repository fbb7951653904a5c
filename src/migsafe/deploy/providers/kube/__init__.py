"""What the providers of Kubernetes share: images and versions, pods, marks on objects, and the looks before a start."""
