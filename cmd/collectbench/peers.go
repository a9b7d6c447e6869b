//go:build linux

package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/aisle-dcim/aisle/collectors/simulate/farm"
)

// column is a table column of the farm's PDU.
type column struct {
	table, name, oid string
	counter, unit    bool
}

const pduBase = "1.3.6.1.4.1.55555.7"

func columns() []column {
	var out []column
	add := func(table string, entry int, unit bool, names ...string) {
		for i, name := range names {
			out = append(out, column{table, name, fmt.Sprintf("%s.%d.1.1.%d", pduBase, entry, i+1), name == "energy", unit})
		}
	}
	add("inlet", 2, true, "voltage", "current", "power", "apparent", "factor", "energy")
	add("outlet", 3, true, "current", "power", "energy", "voltage", "state")
	add("sensor", 4, false, "value", "state")
	return out
}

// scalars are the single objects, name and identifier; the first one is what
// the farm knows a poll by.
func scalars() [][2]string {
	out := [][2]string{{"uptime", "1.3.6.1.2.1.1.3.0"}}
	for i := 1; i <= 7; i++ {
		out = append(out, [2]string{fmt.Sprintf("unit%d", i), fmt.Sprintf("%s.1.1.%d.0", pduBase, i)})
	}
	return out
}

// telegrafConfig has Telegraf poll all agents and throw away what it read.
func telegrafConfig(dir string, f *farm.Farm, devices int, interval string) (string, error) {
	var b strings.Builder
	fmt.Fprintf(&b, "[agent]\n interval=%q\n flush_interval=\"1s\"\n metric_batch_size=5000\n metric_buffer_limit=500000\n omit_hostname=true\n snmp_translator=\"gosmi\"\n logfile=%q\n[[outputs.discard]]\n",
		interval, filepath.Join(dir, "telegraf.log"))
	b.WriteString("[[inputs.snmp]]\n version=2\n community=\"public\"\n timeout=\"2s\"\n retries=1\n max_repetitions=25\n path=[]\n agents=[")
	for i := range devices {
		fmt.Fprintf(&b, "\"udp://%s\",", f.Target(i))
	}
	b.WriteString("]\n")
	for _, x := range scalars() {
		fmt.Fprintf(&b, " [[inputs.snmp.field]]\n  name=%q\n  oid=%q\n", x[0], x[1])
	}
	table := ""
	for _, c := range columns() {
		if c.table != table {
			table = c.table
			fmt.Fprintf(&b, " [[inputs.snmp.table]]\n  name=%q\n  index_as_tag=true\n", table)
		}
		fmt.Fprintf(&b, "  [[inputs.snmp.table.field]]\n   name=%q\n   oid=%q\n", c.name, c.oid)
	}
	file := filepath.Join(dir, "telegraf.conf")
	return file, os.WriteFile(file, []byte(b.String()), 0o600)
}

// exporterConfig has snmp_exporter walk what the others poll.
func exporterConfig(dir string) (string, error) {
	var b strings.Builder
	b.WriteString("auths:\n  farm: {community: public, version: 2}\nmodules:\n  pdu:\n    max_repetitions: 25\n    retries: 1\n    timeout: 2s\n    get:\n")
	for _, x := range scalars() {
		fmt.Fprintf(&b, "    - %s\n", x[1])
	}
	b.WriteString("    walk:\n")
	for _, c := range columns() {
		fmt.Fprintf(&b, "    - %s\n", c.oid)
	}
	b.WriteString("    metrics:\n")
	for _, x := range scalars() {
		fmt.Fprintf(&b, "    - {name: %s, oid: %s, type: gauge, help: x}\n", x[0], strings.TrimSuffix(x[1], ".0"))
	}
	for _, c := range columns() {
		kind, indexes := "gauge", "[{labelname: row, type: gauge}]"
		if c.counter {
			kind = "counter"
		}
		if c.unit {
			indexes = "[{labelname: unit, type: gauge}, {labelname: row, type: gauge}]"
		}
		fmt.Fprintf(&b, "    - {name: %s_%s, oid: %s, type: %s, help: x, indexes: %s}\n", c.table, c.name, c.oid, kind, indexes)
	}
	file := filepath.Join(dir, "snmp.yml")
	return file, os.WriteFile(file, []byte(b.String()), 0o600)
}

// exporterAddress is where snmp_exporter listens.
const exporterAddress = "127.0.0.1:19116"

// scrape asks snmp_exporter for one device after the other, 32 at a time,
// until ctx ends. It stands for a Prometheus and is not counted.
func scrape(ctx context.Context, f *farm.Farm, devices int) {
	const workers = 32
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: workers, DisableCompression: true}}
	next := make(chan int)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for i := range next {
				url := fmt.Sprintf("http://%s/snmp?auth=farm&module=pdu&target=%s", exporterAddress, f.Target(i))
				request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
				if err != nil {
					continue
				}
				answer, err := client.Do(request)
				if err != nil {
					continue // the farm sees what was polled
				}
				lines := bufio.NewScanner(answer.Body)
				for lines.Scan() { // as a Prometheus would read it
				}
				_ = answer.Body.Close()
			}
		})
	}
	for i := 0; ctx.Err() == nil; i++ {
		select {
		case next <- i % devices:
		case <-ctx.Done():
		}
	}
	close(next)
	wg.Wait()
	client.CloseIdleConnections()
}
