"""What a person sees: one file per tab of the Shopping Cart document, and what stands around them."""
