// Package profiles carries the built-in device profiles, one folder for each
// vendor, with the recordings that test them in testdata beside.
package profiles

import "embed"

// FS holds <vendor>/<profile>.yaml and <vendor>/testdata.
//
//go:embed all:*
var FS embed.FS
