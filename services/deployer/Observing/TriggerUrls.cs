using Kublambda.Contracts;
using Kublambda.Contracts.Resources;
using Kublambda.Deployer.Rendering;

namespace Kublambda.Deployer.Observing;

/// <summary>Where the function answers.</summary>
internal static class TriggerUrls
{
    /// <summary>The URL inside the cluster.</summary>
    public static string InCluster(LambdaRef lambda) => $"http://{Names.Workload(lambda)}.{lambda.Namespace}.svc";

    /// <param name="view">What is seen.</param>
    /// <param name="serving">Whether any pod answers.</param>
    public static IReadOnlyList<TriggerStatus> Of(WorkloadView view, bool serving) =>
        [.. view.Routes.Select(route => route.TakenBy is { } owner ? Taken(route, owner) : Status(route, Address(route, view), serving))];

    private static TriggerStatus Taken(HttpRoute route, string owner) => new()
    {
        Name = route.Trigger,
        Reason = Reasons.HostTaken,
        Message = $"{(route.Host is null ? "Every host" : $"The host {route.Host}")} with the path {route.Path} belongs to the Lambda {owner} already. Write another spec.triggers[].http.host or path, or delete that Lambda: this one then follows by itself.",
    };

    private static TriggerStatus Status(HttpRoute route, (string? Url, string? Missing) address, bool serving) => new()
    {
        Name = route.Trigger,
        Url = address.Url,
        Ready = serving && address is { Url: not null, Missing: null },
        Message = address.Missing ?? (serving ? null : "No replica is ready."),
    };

    private static (string? Url, string? Missing) Address(HttpRoute route, WorkloadView view) => route.Exposure switch
    {
        Exposures.NodePort => NodePort(route, view),
        Exposures.LoadBalancer => LoadBalancer(route, view),
        Exposures.Ingress => Ingress(route, view),
        _ => (InCluster(view.Workload.Lambda) + Suffix(route), view.Service is null ? "The Service is not there yet." : null),
    };

    private static (string? Url, string? Missing) NodePort(HttpRoute route, WorkloadView view)
    {
        if (view.Service?.Spec.Ports?.FirstOrDefault(p => p.Port == ServiceRenderer.Port)?.NodePort is not (> 0 and var port))
            return (null, "The Service has no node port yet.");
        return view.NodeAddress is { } host
            ? ($"http://{Bracketed(host)}:{port}{Suffix(route)}", null)
            : (null, $"Node port {port}; no node has an address: set Http__NodeAddress.");
    }

    private static (string? Url, string? Missing) LoadBalancer(HttpRoute route, WorkloadView view) =>
        view.Service?.Status?.LoadBalancer?.Ingress?.FirstOrDefault() is { } given && (given.Hostname ?? given.Ip) is { Length: > 0 } host
            ? ($"http://{Bracketed(host)}{Suffix(route)}", null)
            : (null, "The load balancer has no address yet. A cluster without a load balancer never gives one: use exposure NodePort or Ingress there.");

    private static (string? Url, string? Missing) Ingress(HttpRoute route, WorkloadView view)
    {
        var given = view.Ingress?.Status?.LoadBalancer?.Ingress?.FirstOrDefault();
        var host = route.Host ?? given?.Hostname ?? given?.Ip;
        var missing = view.Ingress is null ? "The Ingress is not there yet."
            : given is null ? "No ingress controller has taken the Ingress yet: see that one is installed for its class (Http__IngressClass)."
            : null;
        var scheme = route.Host is not null && view.Ingress?.Spec?.Tls is { Count: > 0 } ? "https" : "http";
        return (host is null ? null : $"{scheme}://{Bracketed(host)}{Suffix(route)}", missing);
    }

    private static string Suffix(HttpRoute route) => route.Path == "/" ? "" : route.Path;

    private static string Bracketed(string host) => host.Contains(':', StringComparison.Ordinal) && host[0] != '[' ? $"[{host}]" : host;
}
