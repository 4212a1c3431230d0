using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Serilog;
using Serilog.Events;

namespace Cozy.Fleet.Coordinator.Hosting;

/// <summary>Adds logging to the console, and tracing when there is a collector.</summary>
internal static class Observability
{
    public static WebApplicationBuilder AddFleetLogging(this WebApplicationBuilder builder)
    {
        builder.Services.AddSerilog(
            logger => logger
                .MinimumLevel.Information()
                .MinimumLevel.Override("Microsoft", LogEventLevel.Warning)
                .MinimumLevel.Override("Grpc", LogEventLevel.Warning)
                .MinimumLevel.Override("Orleans", LogEventLevel.Warning)
                .MinimumLevel.Override("Polly", LogEventLevel.Warning)
                // It takes the uptime of the host for a stall at every start (dotnet-facts.md 6).
                .MinimumLevel.Override("Orleans.Runtime.Watchdog", LogEventLevel.Error)
                .WriteTo.Console(
                    outputTemplate: "{Timestamp:HH:mm:ss.fff} {Level:u3} {Message:lj}{NewLine}{Exception}",
                    formatProvider: System.Globalization.CultureInfo.InvariantCulture),
            preserveStaticLogger: true);
        return builder;
    }

    public static WebApplicationBuilder AddFleetTracing(this WebApplicationBuilder builder)
    {
        if (string.IsNullOrEmpty(Environment.GetEnvironmentVariable("OTEL_EXPORTER_OTLP_ENDPOINT")))
            return builder;
        builder.Services.AddOpenTelemetry()
            .ConfigureResource(resource => resource.AddService("cozy-fleet-coordinator"))
            .WithTracing(tracing => tracing.AddSource(Telemetry.SourceName).AddOtlpExporter());
        return builder;
    }
}
