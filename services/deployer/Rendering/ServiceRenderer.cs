using k8s.Models;

namespace Kublambda.Deployer.Rendering;

/// <summary>The Service in front of the function's pods, on port 80.</summary>
internal static class ServiceRenderer
{
    public const int Port = 80;

    /// <summary>
    /// Without a node port: the API server allocates it once, and keeps it, because server-side apply leaves alone what
    /// is not in the rendered object. When the type becomes ClusterIP the API server drops it.
    /// </summary>
    public static V1Service Render(Workload workload, IReadOnlyList<HttpRoute> routes) => new()
    {
        ApiVersion = "v1",
        Kind = "Service",
        Metadata = Metadata.For(workload.Lambda),
        Spec = new V1ServiceSpec
        {
            Type = HttpRoute.ServiceType(routes),
            Selector = Metadata.Selector(workload.Lambda),
            Ports =
            [
                new V1ServicePort { Name = "http", Port = Port, Protocol = "TCP", TargetPort = FunctionContainer.Port },
            ],
        },
    };
}
