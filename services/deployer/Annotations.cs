namespace Kublambda.Deployer;

/// <summary>Annotations on the objects of a Lambda.</summary>
public static class Annotations
{
    /// <summary>Hash of the object as it was rendered: an object that carries the wanted hash is not applied again.</summary>
    public const string RenderedHash = "kublambda.dev/rendered-hash";

    /// <summary>On the Deployment: the <see cref="Workload"/> that all objects of the Lambda were rendered from, as JSON.</summary>
    public const string RenderedFrom = "kublambda.dev/rendered-from";

    /// <summary>cert-manager's, on the Ingress: who is to make its certificate.</summary>
    public const string ClusterIssuer = "cert-manager.io/cluster-issuer";
}
