using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using Kublambda.Contracts;

namespace Kublambda.Hosting.Broker;

/// <summary>What the resource triggers of a Lambda have in the broker: a user, an exchange and queues, all under <see cref="Names.TriggerPrefix"/>.</summary>
public sealed class TriggerBroker(RabbitMqManagement management)
{
    /// <summary>See <see cref="RabbitMqManagement.IsThere"/>.</summary>
    public bool IsThere => management.IsThere;

    /// <summary>A name for the password that the Lambda's user has now: it changes with the password, and says nothing about it.</summary>
    /// <returns>Null where there is no user.</returns>
    /// <exception cref="BrokerException">The broker does not answer, or refuses; so with the others.</exception>
    public async Task<string?> FingerprintAsync(string lambdaUid, CancellationToken cancellationToken) =>
        await management.FindUserAsync(Names.TriggerPrefix(lambdaUid), cancellationToken).ConfigureAwait(false) is { PasswordHash: { } hash }
            ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(hash)))[..16]
            : null;

    /// <summary>Sees to it that the Lambda's user has this password.</summary>
    public Task SetPasswordAsync(string lambdaUid, string password, CancellationToken cancellationToken) =>
        management.PutUserAsync(Names.TriggerPrefix(lambdaUid), password, cancellationToken);

    /// <summary>Gives the Lambda's user the right on what is named as it is, and on nothing else: not on the default exchange either, which reaches every queue.</summary>
    public Task GrantAsync(string lambdaUid, CancellationToken cancellationToken) =>
        management.PutPermissionsAsync(Names.TriggerPrefix(lambdaUid), $@"^{Regex.Escape(Names.TriggerPrefix(lambdaUid))}(\..*)?$", cancellationToken);

    /// <summary>Removes all of a Lambda: first the user, whose connections end with it, so that nobody makes anew what is deleted then.</summary>
    /// <returns>What was deleted.</returns>
    public async Task<IReadOnlyList<string>> RemoveAsync(string lambdaUid, CancellationToken cancellationToken)
    {
        var prefix = Names.TriggerPrefix(lambdaUid);
        var removed = new List<string>();
        if (await management.FindUserAsync(prefix, cancellationToken).ConfigureAwait(false) is not null)
        {
            await management.DeleteUserAsync(prefix, cancellationToken).ConfigureAwait(false);
            removed.Add($"user {prefix}");
        }

        foreach (var queue in (await management.ListQueuesAsync(cancellationToken).ConfigureAwait(false)).Where(q => !q.Exclusive && IsOf(q.Name, prefix)))
        {
            await management.DeleteQueueAsync(queue.Name, cancellationToken).ConfigureAwait(false);
            removed.Add($"queue {queue.Name}");
        }

        foreach (var exchange in (await management.ListExchangesAsync(cancellationToken).ConfigureAwait(false)).Where(e => IsOf(e.Name, prefix)))
        {
            await management.DeleteExchangeAsync(exchange.Name, cancellationToken).ConfigureAwait(false);
            removed.Add($"exchange {exchange.Name}");
        }

        return removed;
    }

    /// <summary>Uids of the Lambdas that have anything there.</summary>
    public async Task<IReadOnlyList<string>> OwnersAsync(CancellationToken cancellationToken)
    {
        var users = (await management.ListUsersAsync(cancellationToken).ConfigureAwait(false)).Select(u => u.Name);
        var queues = (await management.ListQueuesAsync(cancellationToken).ConfigureAwait(false)).Where(q => !q.Exclusive).Select(q => q.Name);
        var exchanges = (await management.ListExchangesAsync(cancellationToken).ConfigureAwait(false)).Select(e => e.Name);
        return [.. users.Concat(queues).Concat(exchanges).Select(OwnerOf).OfType<string>().Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The uid in a name; null where the name is not one of ours.</summary>
    public static string? OwnerOf(string name)
    {
        if (!name.StartsWith(Names.AllTriggers, StringComparison.Ordinal))
            return null;
        var uid = name[Names.AllTriggers.Length..].Split('.')[0];
        return Guid.TryParseExact(uid, "D", out _) ? uid : null;
    }

    private static bool IsOf(string name, string prefix) => name == prefix || name.StartsWith($"{prefix}.", StringComparison.Ordinal);
}
