using System.Net;
using System.Security.Cryptography;
using k8s;
using k8s.Autorest;
using Kublambda.Contracts;
using Kublambda.Hosting.Broker;

namespace Kublambda.Deployer.Triggers;

/// <summary>
/// The watcher's user of the broker and the Secret with its password. The deployer makes and deletes Secrets and never reads
/// one; so it tells whether the two agree by the name of the password (<see cref="TriggerBroker.FingerprintAsync"/>) that
/// the watcher's Deployment was last given, and makes both anew where it cannot be sure.
/// </summary>
internal sealed partial class WatcherCredentials(IKubernetes client, TriggerBroker broker, ILogger<WatcherCredentials> logger)
{
    private const int PasswordLength = 48;
    private readonly ILogger _logger = logger;

    /// <param name="lambda">Whose.</param>
    /// <param name="known">What the watcher's pods were last started with; null where there are none.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <returns>What to start them with.</returns>
    /// <exception cref="BrokerException">The broker does not answer, or refuses.</exception>
    public async Task<string> EnsureAsync(LambdaRef lambda, string? known, CancellationToken cancellationToken)
    {
        var password = RandomNumberGenerator.GetHexString(PasswordLength, lowercase: true);
        var made = await TryCreateAsync(lambda, password, cancellationToken);
        var now = await broker.FingerprintAsync(lambda.Uid, cancellationToken);
        if (made || now is null || now != known)
        {
            if (!made)
            {
                await DeleteAsync(lambda, cancellationToken);
                if (!await TryCreateAsync(lambda, password, cancellationToken))
                    throw new WaitingException($"The Secret {lambda.Namespace}/{Names.Watcher(lambda)} is being deleted.");
            }

            await broker.SetPasswordAsync(lambda.Uid, password, cancellationToken);
            LogNew(Names.TriggerPrefix(lambda.Uid));
            now = await broker.FingerprintAsync(lambda.Uid, cancellationToken);
        }

        await broker.GrantAsync(lambda.Uid, cancellationToken);
        return now ?? throw new WaitingException($"RabbitMQ's user {Names.TriggerPrefix(lambda.Uid)} is gone again.");
    }

    public async Task DeleteAsync(LambdaRef lambda, CancellationToken cancellationToken)
    {
        try
        {
            await client.CoreV1.DeleteNamespacedSecretAsync(Names.Watcher(lambda), lambda.Namespace, cancellationToken: cancellationToken);
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.NotFound)
        {
            // As wanted.
        }
    }

    /// <returns>False where there is one.</returns>
    private async Task<bool> TryCreateAsync(LambdaRef lambda, string password, CancellationToken cancellationToken)
    {
        try
        {
            await client.CoreV1.CreateNamespacedSecretAsync(
                WatcherRenderer.Secret(lambda, password), lambda.Namespace, fieldManager: Applying.ForeignFields.FieldManager, cancellationToken: cancellationToken);
            return true;
        }
        catch (HttpOperationException e) when (e.Response.StatusCode == HttpStatusCode.Conflict)
        {
            return false;
        }
    }

    [LoggerMessage(LogLevel.Information, "The broker's user {User} has a new password, and the watcher starts with it")]
    private partial void LogNew(string user);
}
