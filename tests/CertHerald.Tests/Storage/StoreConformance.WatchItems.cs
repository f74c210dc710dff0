using CertHerald.Storage;

namespace CertHerald.Tests.Storage;

/// <summary>What every store promises of watch items that were added through the API.</summary>
public abstract partial class StoreConformance
{
    [Fact]
    public async Task Watch_items_that_were_added_are_there_after_a_restart_until_they_are_removed()
    {
        var first = new AddedItem(".example.com", Time.GetUtcNow());
        var second = new AddedItem("2001:db8::1", Time.GetUtcNow().AddMilliseconds(1));
        Assert.True(await Store.AddItemAsync(second, Cancellation));
        Assert.True(await Store.AddItemAsync(first, Cancellation));

        await ReopenAsync();
        Assert.Equal([first, second], await Store.AddedItemsAsync(Cancellation));

        Assert.True(await Store.RemoveItemAsync(".example.com", Cancellation));
        await ReopenAsync();
        Assert.Equal([second], await Store.AddedItemsAsync(Cancellation));
    }

    [Fact]
    public async Task A_watch_item_added_twice_is_one_and_keeps_its_first_time()
    {
        var first = new AddedItem("example.com", Time.GetUtcNow());
        await Store.AddItemAsync(first, Cancellation);

        Assert.False(await Store.AddItemAsync(first with { Added = first.Added.AddDays(1) }, Cancellation));

        Assert.Equal(first, Assert.Single(await Store.AddedItemsAsync(Cancellation)));
    }

    [Fact]
    public async Task A_watch_item_that_is_disabled_is_kept_with_its_time_and_enabled_again()
    {
        var item = new AddedItem(".example.com", Time.GetUtcNow());
        await Store.AddItemAsync(item, Cancellation);
        await Store.AddItemAsync(new AddedItem("off.example", Time.GetUtcNow(), Enabled: false), Cancellation);

        Assert.True(await Store.EnableItemAsync(".example.com", false, Cancellation));
        Assert.False(await Store.AddItemAsync(item, Cancellation));
        await ReopenAsync();
        Assert.Equal([item with { Enabled = false }, new AddedItem("off.example", Time.GetUtcNow(), Enabled: false)], await Store.AddedItemsAsync(Cancellation));

        Assert.True(await Store.EnableItemAsync(".example.com", true, Cancellation));
        Assert.True(await Store.EnableItemAsync(".example.com", true, Cancellation));
        Assert.Contains(item, await Store.AddedItemsAsync(Cancellation));
        Assert.False(await Store.EnableItemAsync("example.com", true, Cancellation));
    }

    [Fact]
    public async Task Removing_a_watch_item_that_is_not_there_is_told()
    {
        await Store.AddItemAsync(new AddedItem("example.com", Time.GetUtcNow()), Cancellation);

        Assert.False(await Store.RemoveItemAsync(".example.com", Cancellation));

        Assert.Single(await Store.AddedItemsAsync(Cancellation));
    }
}
