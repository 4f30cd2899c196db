using Kublambda.Contracts;

namespace Kublambda.Gc.Cleaning;

/// <summary>What a clean-up did.</summary>
/// <param name="Lambda">Whose.</param>
/// <param name="Repository">Path in the registry.</param>
/// <param name="Manifests">Digests that were deleted, in order.</param>
/// <param name="Duration">From the beginning to the last look.</param>
public sealed record CleanupReport(LambdaRef Lambda, string Repository, IReadOnlyList<string> Manifests, TimeSpan Duration);
