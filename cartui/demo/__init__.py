"""The bundled demo shop: the reference server of the Cart Connect protocol (docs/cart-connect.md).

Nothing else in cartui needs this package. Import ``cartui.demo.server`` when a shop is wanted: that is what loads
the web server library.
"""
