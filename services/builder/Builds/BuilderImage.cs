namespace Kublambda.Builder.Builds;

/// <summary>What the config of a Cloud Native Buildpacks builder image says.</summary>
/// <param name="Digest">Of the image, as the reference was resolved; part of the revision.</param>
/// <param name="UserId"><c>CNB_USER_ID</c>: differs from builder to builder.</param>
/// <param name="GroupId"><c>CNB_GROUP_ID</c>.</param>
/// <param name="PlatformApi">The newest version of the Platform API that its lifecycle and our pipelines speak.</param>
public sealed record BuilderImage(string Digest, long UserId, long GroupId, string PlatformApi);
