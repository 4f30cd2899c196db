using Kublambda.Triggers;
using Kublambda.Triggers.Policy;

namespace Kublambda.Watcher.Lambdas;

/// <summary>
/// Who may watch what. The watcher of one Lambda can do no more than its rights, which the deployer has given it by the policy; a shared
/// one has the rights of all, and keeps to the policy itself.
/// </summary>
internal sealed class Permissions(IConfiguration configuration)
{
    /// <summary>The file of the installation, <c>Triggers__PolicyPath</c>.</summary>
    private readonly string? _path = configuration["Triggers:PolicyPath"];

    /// <summary>Reads the policy as it is now.</summary>
    /// <exception cref="FormatException">It cannot be read; then nothing is watched.</exception>
    public async Task<TriggerPolicy> ReadAsync(CancellationToken cancellationToken) =>
        _path is null ? TriggerPolicy.OwnNamespace : TriggerPolicy.Parse(await File.ReadAllTextAsync(_path, cancellationToken));

    /// <summary>Why a trigger may not be; null: it may.</summary>
    public static string? Refusal(TriggerPolicy policy, CompiledTrigger trigger, ServedKind served)
    {
        var (own, kind) = (trigger.Lambda.Namespace, trigger.Kind);
        IEnumerable<string?> targets = served.Namespaced && trigger.Namespaces is { } named ? named.Order(StringComparer.Ordinal) : [null];
        var forbidden = targets.Where(target => !policy.Allows(own, kind.Group, kind.Kind, target)).ToList();
        return forbidden.Count == 0
            ? null
            : $"The policy of this installation does not let Lambdas of the namespace {own} watch {kind.Kind} in {string.Join(", ", forbidden.Select(each => each ?? "all namespaces"))}.\n"
                + "Remedy: watch something else, or ask the operator to add to rules in its trigger-policy.yaml:\n"
                + string.Join('\n', forbidden.Select(each => TriggerPolicy.RuleFor(own, kind.Group, kind.Kind, each)));
    }
}
