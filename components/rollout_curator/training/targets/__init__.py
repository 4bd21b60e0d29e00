"""The trainers an export can be for: one module per trainer, each offering one `base.Target` row."""
