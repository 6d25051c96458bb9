"""What looks at a shape or a spike: checks, flow, curves."""
