//! Registry → Kubernetes objects, and the difference between two sides.
