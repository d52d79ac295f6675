# started on Sun Nov 22 18:08:15 2026


 Performance counter stats for 'perf record -o /tmp/h/bench-work/perf.data -F 2000 -g node --perf-basic-prof-only-functions bin/modelpack.js fetch acme/big -o s3://bench/x1 --quiet':

           4206.18 msec task-clock                       #    0.168 CPUs utilized          

      25.051970586 seconds time elapsed

       3.316783000 seconds user
       0.856112000 seconds sys


