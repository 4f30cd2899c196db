using k8s;
using k8s.Models;
using Kublambda.Contracts.Resources;
using Kublambda.Kubernetes;

namespace Kublambda.Deployer.Watching;

/// <summary>A change of anything that belongs to a Lambda puts that Lambda into the queue.</summary>
internal sealed class ChildHandler<T>(WorkQueue<LambdaKey> queue) : IResourceHandler<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    public void OnChange(ResourceChange<T> change)
    {
        // By the old labels too: a hand edit may have changed the one that names the Lambda.
        foreach (var key in new[] { LambdaKey.OfChild(change.Object), change.Old is null ? null : LambdaKey.OfChild(change.Old) }.Distinct())
        {
            if (key is { } known)
                queue.Add(known);
        }
    }
}

/// <summary>A change of a Lambda, of its status too: that is where the image comes from.</summary>
internal sealed class LambdaHandler(WorkQueue<LambdaKey> queue) : IResourceHandler<Lambda>
{
    public void OnChange(ResourceChange<Lambda> change) =>
        queue.Add(new LambdaKey(change.Object.Metadata.NamespaceProperty, change.Object.Metadata.Name));
}
