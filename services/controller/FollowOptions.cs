using System.ComponentModel.DataAnnotations;

namespace Kublambda.Controller;

/// <summary>How sources that may change elsewhere are followed: the section <c>Fetch</c>, of which the builder reads the rest.</summary>
public sealed record FollowOptions
{
    public const string Section = "Fetch";

    /// <summary>How often the branch, tag or HEAD of a git source is looked at; above five minutes it is five minutes.</summary>
    [Range(typeof(TimeSpan), "00:00:05", "24:00:00")]
    public TimeSpan GitInterval { get; init; } = TimeSpan.FromMinutes(1);
}
