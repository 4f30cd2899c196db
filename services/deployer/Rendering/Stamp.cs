using System.Security.Cryptography;
using System.Text;
using k8s;
using k8s.Models;

namespace Kublambda.Deployer.Rendering;

/// <summary>The hash of an object as it was rendered, on the object itself.</summary>
internal static class Stamp
{
    public static T Put<T>(T rendered)
        where T : IKubernetesObject<V1ObjectMeta>
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(KubernetesJson.Serialize(rendered)));
        rendered.Metadata.Annotations[Annotations.RenderedHash] = Convert.ToHexStringLower(hash)[..16];
        return rendered;
    }

    public static string? On(IKubernetesObject<V1ObjectMeta> live) =>
        live.Metadata.Annotations?.TryGetValue(Annotations.RenderedHash, out var hash) == true ? hash : null;
}
