using Kublambda.Gc.Retention;

namespace Kublambda.Gc.Tests;

public sealed class RetentionPlanTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void The_newest_stay_and_the_others_go_with_their_bundles()
    {
        var plan = Plan([Built("a", 1), Built("b", 2), Built("c", 3), Built("d", 4)], keep: 2);

        Assert.Equal(["image-a", "image-b", "source-a", "source-b"], plan.Digests.Order());
    }

    [Fact]
    public void What_the_status_or_a_build_names_stays_however_old() =>
        Assert.Empty(Plan([Built("a", 1), Built("b", 2)], keep: 1, revisions: ["a"]).Digests);

    [Fact]
    public void What_a_ReplicaSet_could_be_rolled_back_to_stays_with_its_bundle() =>
        Assert.Empty(Plan([Built("a", 1), Built("b", 2)], keep: 1, digests: ["image-a"]).Digests);

    [Fact]
    public void An_image_that_does_not_tell_its_age_stays()
    {
        var epoch = new RevisionContent("b", "image-b", "source-b", DateTimeOffset.UnixEpoch);

        Assert.Empty(Plan([new RevisionContent("a", "image-a", "source-a", null), epoch, Built("c", 3)], keep: 1).Digests);
    }

    [Fact]
    public void A_bundle_without_an_image_goes_when_nothing_used_it_twice_in_a_row()
    {
        RevisionContent[] contents = [new("a", null, "source-a", null), Built("b", 1)];

        var first = Plan(contents, keep: 5);
        Assert.Empty(first.Digests);
        Assert.Equal(["a"], first.Idle);

        Assert.Equal(["source-a"], Plan(contents, keep: 5, idleBefore: first.Idle).Digests);
    }

    [Fact]
    public void A_bundle_whose_build_runs_is_neither_deleted_nor_counted_as_idle()
    {
        var plan = Plan([new("a", null, "source-a", null)], keep: 5, revisions: ["a"], idleBefore: new HashSet<string> { "a" });

        Assert.Empty(plan.Digests);
        Assert.Empty(plan.Idle);
    }

    [Fact]
    public void A_log_goes_with_its_image()
    {
        var plan = Plan([Built("a", 1) with { Log = "log-a" }, Built("b", 2) with { Log = "log-b" }], keep: 1);

        Assert.Equal(["image-a", "log-a", "source-a"], plan.Digests.Order());
    }

    [Fact]
    public void Of_builds_that_failed_the_newest_logs_stay()
    {
        RevisionContent[] contents = [.. Enumerable.Range(1, 4).Select(i => new RevisionContent($"{i}", null, $"source-{i}", Start.AddDays(i)) { Log = $"log-{i}" })];

        var plan = Plan(contents, keep: 2, idleBefore: Plan(contents, keep: 2).Idle);

        Assert.Equal(["log-1", "log-2", "source-1", "source-2"], plan.Digests.Order());
    }

    [Fact]
    public void A_manifest_that_a_kept_revision_shares_stays()
    {
        var plan = Plan([new("a", "same", "source-a", Start), new("b", "same", "source-b", Start.AddDays(1))], keep: 1);

        Assert.Equal(["source-a"], plan.Digests);
    }

    [Fact]
    public void Whatever_is_there_the_number_to_keep_and_what_is_used_stay()
    {
        for (var seed = 0; seed < 200; seed++)
        {
            var random = new Random(seed);
            var contents = Enumerable.Range(0, random.Next(20)).Select(i => Built($"r{i}", random.Next(10))).ToList();
            var used = contents.Where(_ => random.Next(4) == 0).Select(c => c.Revision).ToArray();
            var keep = random.Next(1, 6);

            var gone = Plan(contents, keep, used).Digests.ToHashSet();

            Assert.True(contents.Count(c => !gone.Contains(c.Image!)) >= Math.Min(keep, contents.Count));
            Assert.DoesNotContain(contents, c => used.Contains(c.Revision) && gone.Contains(c.Image!));
        }
    }

    private static RevisionContent Built(string revision, int day) => new(revision, $"image-{revision}", $"source-{revision}", Start.AddDays(day));

    private static RetentionPlan Plan(
        IReadOnlyCollection<RevisionContent> contents, int keep, string[]? revisions = null, string[]? digests = null, IReadOnlySet<string>? idleBefore = null) =>
        RetentionPlan.Plan(contents, new RevisionsInUse((revisions ?? []).ToHashSet(), (digests ?? []).ToHashSet()), idleBefore ?? new HashSet<string>(), keep);
}
