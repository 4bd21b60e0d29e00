"""What a trainer is given and what it does with it: targets, kinds of file, templates, tokens, hazards, cost."""
