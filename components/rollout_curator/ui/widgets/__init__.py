"""Small components: the button that ends a session, a value the browser keeps, a text in coloured pieces."""
