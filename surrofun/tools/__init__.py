"""What looks at a shape or a spike: checks, gradient flow, figures."""
