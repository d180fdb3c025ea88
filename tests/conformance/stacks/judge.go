// What Go's crypto/x509 says of the PKIs named on standard input, as crypto/tls asks it: one line
// a PKI, `folder TAB name TAB server|client TAB seconds since 1970`; the answer is
// `folder TAB server|client TAB text`, the text empty where it accepts.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

func blocks(path string) [][]byte {
	text, err := os.ReadFile(path)
	if err != nil {
		panic(err)
	}
	var found [][]byte
	for {
		block, rest := pem.Decode(text)
		if block == nil {
			return found
		}
		found = append(found, block.Bytes)
		text = rest
	}
}

func judge(folder, name, purpose string, at time.Time) string {
	from := "certificate from server"
	if purpose == "client" {
		from = "client certificate"
	}
	var certs []*x509.Certificate
	for _, der := range blocks(filepath.Join(folder, "chain.pem")) {
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return "tls: failed to parse " + from + ": " + err.Error()
		}
		certs = append(certs, cert)
	}
	opts := x509.VerifyOptions{
		Roots:         x509.NewCertPool(),
		Intermediates: x509.NewCertPool(),
		CurrentTime:   at,
		DNSName:       name,
	}
	if purpose == "client" {
		opts.DNSName = ""
		opts.KeyUsages = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}
	roots, err := os.ReadFile(filepath.Join(folder, "roots.pem"))
	if err != nil {
		panic(err)
	}
	opts.Roots.AppendCertsFromPEM(roots)
	for _, cert := range certs[1:] {
		opts.Intermediates.AddCert(cert)
	}
	if _, err := certs[0].Verify(opts); err != nil {
		return "tls: failed to verify certificate: " + err.Error()
	}
	return ""
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for lines.Scan() {
		cells := strings.Split(lines.Text(), "\t")
		seconds, err := strconv.ParseInt(cells[3], 10, 64)
		if err != nil {
			panic(err)
		}
		at := time.Unix(seconds, 0).UTC()
		text := judge(cells[0], cells[1], cells[2], at)
		fmt.Fprintf(out, "%s\t%s\t%s\n", cells[0], cells[2], text)
	}
}
