using Cozy.Fleet.Coordinator.Hosting;
using Cozy.Fleet.Coordinator.Storage;

namespace Cozy.Fleet.Coordinator.Enrolment;

/// <summary>Adds the CA, the certificates that come from it, and the API for tokens.</summary>
internal static class EnrolmentRegistration
{
    public static IServiceCollection AddFleetEnrolment(this IServiceCollection services, CoordinatorOptions options)
    {
        services.AddSingleton(s => CoordinatorCa.Open(
            options.DataDirectory, s.GetRequiredService<ISecretSeal>(), s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new ServerIdentity(
            s.GetRequiredService<CoordinatorCa>(), ServerIdentity.Names(options.Listen, options.Advertise, Environment.MachineName),
            s.GetRequiredService<TimeProvider>()));
        services.AddSingleton(s => new AdminContext(
            s.GetRequiredService<CoordinatorCa>(), options.DataDirectory, s.GetRequiredService<TimeProvider>()));
        services.AddSingleton<TokenStore>().AddSingleton<AgentEnrolment>();
        return services;
    }

    public static WebApplication MapFleetEnrolment(this WebApplication app)
    {
        app.MapGrpcService<EnrolmentApi>();
        return app;
    }
}
