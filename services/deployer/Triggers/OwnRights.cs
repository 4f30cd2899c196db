using System.Collections.Concurrent;
using System.Net;
using k8s;
using k8s.Autorest;
using k8s.Models;

namespace Kublambda.Deployer.Triggers;

/// <summary>
/// What the deployer may watch itself, as the API server says: it can hand on nothing else. A yes is kept for a minute, a no for ten
/// seconds, as an operator may change it at any time.
/// </summary>
internal sealed class OwnRights(IKubernetes client, TimeProvider time)
{
    private static readonly TimeSpan KeepYes = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan KeepNo = TimeSpan.FromSeconds(10);
    private readonly ConcurrentDictionary<WatchTarget, (long At, bool Holds)> _known = new();

    /// <exception cref="HttpOperationException">The API server does not say.</exception>
    public async Task<bool> HoldsAsync(WatchTarget target, CancellationToken cancellationToken)
    {
        if (_known.TryGetValue(target, out var entry) && time.GetElapsedTime(entry.At) < (entry.Holds ? KeepYes : KeepNo))
            return entry.Holds;
        var holds = await AskAsync(target, cancellationToken);
        _known[target] = (time.GetTimestamp(), holds);
        return holds;
    }

    private async Task<bool> AskAsync(WatchTarget target, CancellationToken cancellationToken)
    {
        try
        {
            var review = await client.AuthorizationV1.CreateSelfSubjectAccessReviewAsync(
                new V1SelfSubjectAccessReview
                {
                    Spec = new V1SelfSubjectAccessReviewSpec
                    {
                        ResourceAttributes = new V1ResourceAttributes
                        {
                            Verb = "watch",
                            Group = target.Resource.Group,
                            Resource = target.Resource.Plural,
                            NamespaceProperty = target.Namespace,
                        },
                    },
                },
                cancellationToken: cancellationToken);
            return review.Status.Allowed;
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.Forbidden)
        {
            // A cluster where nobody may ask: then the answer to the grant itself tells.
            return true;
        }
    }
}
