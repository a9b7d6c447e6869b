// Package accesstest gives tests of users, sessions, credentials and the audit
// log their databases; see package dbtest.
package accesstest

import (
	"testing"

	"gorm.io/gorm"

	"github.com/aisle-dcim/aisle/dcim/db/dbtest"
)

// Run runs the test body on each database.
func Run(t *testing.T, body func(t *testing.T, db *gorm.DB)) {
	t.Helper()
	dbtest.Run(t, body)
}

// SQLite opens a fresh database in a temporary folder.
func SQLite(t *testing.T) *gorm.DB {
	t.Helper()
	return dbtest.SQLite(t)
}
