"""
*plain*: a venue with the plainest protocol there could be, a reference for authors.

`client` is a whole plugin in one file, made to be read and copied. `server` is the venue; `bench`
connects the two for the kit.
"""
