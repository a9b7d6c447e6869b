package access_test

import (
	"os"
	"testing"

	"github.com/aisle-dcim/aisle/dcim/db/dbtest"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }
