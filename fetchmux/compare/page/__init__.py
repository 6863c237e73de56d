"""A page of pictures from plain values: HTML and SVG in one file, without a network, a script or a font of its own.

Knows how things are drawn so that they can be read on a telephone, on paper, in the dark and by a screen reader. Must
not know what was compared, nor how numbers are worded: every name and every figure comes in as text, or with the
function that words it. What can be text is HTML, beside or over the drawings, which stretch to the width there is.
"""
