//go:build ui

// Package ui holds the user interface as it was built.
package ui

import (
	"embed"
	"io/fs"
)

//go:embed all:dist
var dist embed.FS

// Files returns the built user interface; ok tells whether the program was
// built with it.
func Files() (files fs.FS, ok bool) {
	sub, err := fs.Sub(dist, "dist")
	return sub, err == nil
}
