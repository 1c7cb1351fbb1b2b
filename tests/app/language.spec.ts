// The window speaks the language of the browser, or the chosen one.

import { expect, test } from './support/app-test.ts';
import { boxwright } from './support/boxwright.ts';

test.describe('in a Chinese browser', () => {
  test.use({ locale: 'zh-CN' });

  test('the window is Chinese until another language is chosen', async ({ app, page }) => {
    await page.goto(app.address);
    await expect(page.getByRole('heading', { name: '还没有虚拟机' })).toBeVisible();
    await expect(page.locator('html')).toHaveAttribute('lang', 'zh-CN');
    await page.getByRole('button', { name: '新建虚拟机' }).first().click();
    const wizard = page.getByRole('dialog', { name: '新建虚拟机' });
    await wizard.getByRole('button', { name: '创建', exact: true }).click();
    await expect(wizard.getByText('请为虚拟机命名。')).toBeVisible();
    await page.keyboard.press('Escape');
    await expect(wizard).toBeHidden();
    await boxwright(app.dataFolder, 'create', 'Leer');
    await page.getByRole('row', { name: 'Leer' }).click();
    await page.getByRole('button', { name: '启动', exact: true }).click();
    await expect(page.getByRole('alert')).toContainText('此虚拟机没有可启动的磁盘、光盘映像或内核。');
    await page.keyboard.press('Control+k');
    await page.getByRole('dialog').getByRole('combobox').fill('host key');
    await page.keyboard.press('Enter');
    await expect(page.getByRole('combobox', { name: '主机键' })).toBeFocused();
    await page.getByRole('combobox', { name: '语言' }).selectOption('en');
    await expect(page.getByRole('heading', { name: 'Preferences' })).toBeVisible();
    await expect(page.locator('html')).toHaveAttribute('lang', 'en');
    await page.reload();
    await expect(page.getByRole('heading', { name: 'Preferences' })).toBeVisible();
  });
});
