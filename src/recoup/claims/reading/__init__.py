"""Reading stored claims: lists, figures, decisions, costs."""
