//go:build !ui

// Package ui holds the user interface as it was built.
package ui

import "io/fs"

// Files returns the built user interface; ok tells whether the program was
// built with it.
func Files() (files fs.FS, ok bool) { return nil, false }
