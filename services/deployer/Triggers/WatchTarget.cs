using Kublambda.Kubernetes;

namespace Kublambda.Deployer.Triggers;

/// <summary>Objects that a trigger watches.</summary>
/// <param name="Resource">The kind.</param>
/// <param name="Namespace">Their namespace; null: all of them, or a kind that has none.</param>
internal sealed record WatchTarget(KindResource Resource, string? Namespace);
