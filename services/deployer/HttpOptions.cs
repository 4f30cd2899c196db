using System.ComponentModel.DataAnnotations;
using Kublambda.Contracts.Resources;

namespace Kublambda.Deployer;

/// <summary>How the installation exposes functions: section <c>Http</c>.</summary>
public sealed record HttpOptions
{
    public const string Section = "Http";

    /// <summary>One of <see cref="Exposures"/>, for triggers that do not say.</summary>
    [Required]
    [AllowedValues(Exposures.ClusterIP, Exposures.NodePort, Exposures.LoadBalancer, Exposures.Ingress)]
    public string DefaultExposure { get; init; } = Exposures.ClusterIP;

    /// <summary>Host name or address that node ports are reached by; the first node's own address when absent.</summary>
    public string? NodeAddress { get; init; }

    /// <summary>Ingress hosts are <c>name.namespace.domain</c>; when absent, triggers without a host match every host.</summary>
    public string? Domain { get; init; }

    /// <summary>Class of the Ingresses; the cluster's default class when absent.</summary>
    public string? IngressClass { get; init; }

    /// <summary>Ingresses ask for TLS for their hosts, with the ingress controller's own certificate unless there is an issuer; URLs are https.</summary>
    public bool Tls { get; init; }

    /// <summary>A ClusterIssuer of cert-manager, which then makes a certificate for each Lambda; implies <see cref="Tls"/>.</summary>
    public string? ClusterIssuer { get; init; }
}
