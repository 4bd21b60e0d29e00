"""What a notebook imports: `open`, `Workspace`, `Recipe`, `Selection`; the package itself hands them on."""
