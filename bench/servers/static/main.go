// As little of S3 as downloading needs, over TLS as S3 is: files in ranges, and nothing is verified, so that the client
// is what is measured. What comes by PUT is kept in -dir.
//
//	static -dir DIR -ca FILE [-delay MS] [-rate BYTES]
//
// Prints two addresses: without TLS, to fill it, and with. FILE is where the certificate goes that its clients have to
// trust. -delay comes before each answer over TLS; -rate is what one connection gets in a second.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"time"
)

var (
	dir   = flag.String("dir", "", "where objects are kept")
	ca    = flag.String("ca", "", "where the certificate is written")
	delay = flag.Int("delay", 0, "milliseconds before each answer")
	rate  = flag.Float64("rate", 0, "bytes a second on each connection")
)

func main() {
	flag.Parse()
	plain, secure := listen(), listen()
	config := &tls.Config{Certificates: []tls.Certificate{certificate()}}
	go func() { log.Fatal(http.Serve(plain, http.HandlerFunc(answer))) }()
	fmt.Printf("http://%s https://%s\n", plain.Addr(), secure.Addr())
	log.Fatal(http.Serve(tls.NewListener(secure, config), http.HandlerFunc(answerFromAfar)))
}

func listen() net.Listener {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(err)
	return listener
}

func answer(w http.ResponseWriter, r *http.Request) {
	file := filepath.Join(*dir, filepath.FromSlash(path.Clean("/"+r.URL.Path)))
	switch r.Method {
	case http.MethodGet, http.MethodHead:
		opened, err := os.Open(file)
		if err != nil {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		defer opened.Close()
		found, err := opened.Stat()
		check(err)
		w.Header().Set("ETag", fmt.Sprintf("\"%x-%x\"", found.ModTime().UnixNano(), found.Size()))
		w.Header().Set("Content-Type", "binary/octet-stream")
		http.ServeContent(w, r, "", found.ModTime(), opened)
	case http.MethodPut:
		if path.Dir(path.Clean(r.URL.Path)) == "/" { // a bucket
			check(os.MkdirAll(file, 0o700))
			return
		}
		check(os.MkdirAll(filepath.Dir(file), 0o700))
		made, err := os.Create(file)
		check(err)
		_, err = io.Copy(made, r.Body)
		check(err)
		check(made.Close())
	case http.MethodDelete:
		os.Remove(file)
		w.WriteHeader(http.StatusNoContent)
	}
}

func answerFromAfar(w http.ResponseWriter, r *http.Request) {
	time.Sleep(time.Duration(*delay) * time.Millisecond)
	if *rate > 0 {
		w = &slow{ResponseWriter: w, from: time.Now()}
	}
	answer(w, r)
}

type slow struct {
	http.ResponseWriter
	from time.Time
	sent float64
}

func (s *slow) Write(data []byte) (int, error) {
	s.sent += float64(len(data))
	time.Sleep(time.Until(s.from.Add(time.Duration(s.sent / *rate * float64(time.Second)))))
	return s.ResponseWriter.Write(data)
}

func certificate() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	check(err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		NotAfter:     time.Now().Add(24 * time.Hour),
		IPAddresses:  []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA:         true, BasicConstraintsValid: true,
	}
	made, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	check(err)
	check(os.WriteFile(*ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: made}), 0o600))
	return tls.Certificate{Certificate: [][]byte{made}, PrivateKey: key}
}

func check(err error) {
	if err != nil {
		log.Panic(err)
	}
}
