namespace Cozy.Fleet.Bench.SideBySide;

/// <summary>nginx as it is fastest at files: sendfile, a worker for each core, no access log.</summary>
internal static class NginxConfig
{
    /// <summary>Serves the place's folder <c>files</c> on port 80; returns the file to start nginx with.</summary>
    public static string Write(ServerPlace place)
    {
        File.WriteAllText(place["nginx.conf"], $$"""
            daemon off;
            user root;
            worker_processes auto;
            pid {{place["nginx.pid"]}};
            error_log stderr error;
            events { worker_connections 1024; }
            http {
              access_log off;
              sendfile on;
              tcp_nopush on;
              client_body_temp_path {{place["body"]}};
              proxy_temp_path {{place["proxy"]}};
              fastcgi_temp_path {{place["fastcgi"]}};
              uwsgi_temp_path {{place["uwsgi"]}};
              scgi_temp_path {{place["scgi"]}};
              server {
                listen {{place.Address}}:80;
                root {{place["files"]}};
              }
            }
            """);
        return place["nginx.conf"];
    }
}
