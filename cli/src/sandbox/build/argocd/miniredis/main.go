// A Redis in memory for Argo CD's cache, for machines without a Redis server: miniredis, with a clock.
//
// What is lost when it ends, Argo CD computes again.
package main

import (
	"flag"
	"log"
	"net/http"
	"time"

	"github.com/alicebob/miniredis/v2"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:6379", "address of the Redis")
	health := flag.String("health", "127.0.0.1:6380", "address that says whether it is there")
	flag.Parse()

	redis := miniredis.NewMiniRedis()
	if err := redis.StartAddr(*listen); err != nil {
		log.Fatal(err)
	}
	go func() {
		// miniredis lets nothing expire by itself.
		for range time.Tick(time.Second) {
			redis.FastForward(time.Second)
		}
	}()
	http.HandleFunc("/healthz", func(answer http.ResponseWriter, _ *http.Request) {
		answer.WriteHeader(http.StatusOK)
	})
	log.Fatal(http.ListenAndServe(*health, nil))
}
