using Kublambda.Contracts;
using Kublambda.Gc.Cleaning;
using Kublambda.Hosting.Broker;
using Kublambda.Kubernetes;

namespace Kublambda.Gc.Triggers;

/// <summary>
/// What the resource triggers of a Lambda leave where owner references do not reach: rights in other namespaces and in the
/// whole cluster, and a user, an exchange and queues in the broker.
/// </summary>
public sealed class TriggerRemains(RoleCatalog roles, TriggerBroker broker)
{
    /// <summary>Removes all of a Lambda; where there is nothing, nothing happens.</summary>
    /// <returns>What was removed.</returns>
    /// <exception cref="CleanupWaitingException">The broker does not answer, or refuses.</exception>
    public async Task<IReadOnlyList<string>> RemoveAsync(string lambdaUid, CancellationToken cancellationToken)
    {
        var removed = new List<string>();
        foreach (var role in await roles.ListAsync($"{Labels.ManagedBy}={Labels.ManagedByValue},{Labels.LambdaUid}={lambdaUid}", cancellationToken))
        {
            await roles.DeleteAsync(role, cancellationToken);
            removed.Add($"{role.GetType().Name["V1".Length..]} {role.Metadata.NamespaceProperty}/{role.Metadata.Name}");
        }

        if (!broker.IsThere)
            return removed;
        try
        {
            removed.AddRange(await broker.RemoveAsync(lambdaUid, cancellationToken));
            return removed;
        }
        catch (BrokerException e)
        {
            throw new CleanupWaitingException(Reasons.BrokerUnavailable, e.Message, e);
        }
    }

    /// <summary>Uids of the Lambdas that have left anything.</summary>
    /// <exception cref="BrokerException">The broker does not answer, or refuses.</exception>
    public async Task<IReadOnlyList<string>> OwnersAsync(CancellationToken cancellationToken)
    {
        var labelled = (await roles.ListAsync(Labels.ManagedSelector, cancellationToken)).Select(role => role.Metadata.Labels[Labels.LambdaUid]);
        var inBroker = broker.IsThere ? await broker.OwnersAsync(cancellationToken) : [];
        return [.. labelled.Concat(inBroker).Distinct(StringComparer.Ordinal)];
    }
}
