using CertHerald.Tests.Doubles;
using CertHerald.Transparency.Merkle;

namespace CertHerald.Tests.Storage;

/// <summary>What logs held when the service first ran.</summary>
public abstract partial class StoreConformance
{
    [Fact]
    public async Task The_first_run_is_noted_once_and_only_in_an_empty_database()
    {
        DateTimeOffset now = Time.GetUtcNow();
        Assert.Equal(now, await Store.BeginFirstRunAsync(now, Cancellation));
        await BeginAsync();
        await ReopenAsync();

        Assert.Equal(now, await Store.BeginFirstRunAsync(now.AddDays(1), Cancellation));
    }

    [Fact]
    public async Task A_database_that_was_in_use_has_no_first_run()
    {
        await BeginAsync();
        Assert.Null(await Store.BeginFirstRunAsync(Time.GetUtcNow(), Cancellation));
    }

    [Fact]
    public async Task A_baseline_is_drawn_once_for_each_log_before_it_is_begun()
    {
        PaperLog one = Paper(entries: 1), other = Paper(entries: 2);

        await Store.DrawBaselineAsync(one.Id, new TreeSize(7), Cancellation);
        await Store.DrawBaselineAsync(one.Id, new TreeSize(9), Cancellation);
        await ReopenAsync();

        Assert.Equal(new TreeSize(7), await Store.FindBaselineAsync(one.Id, Cancellation));
        Assert.Equal(default, await Store.FindBaselineAsync(other.Id, Cancellation));
    }
}
